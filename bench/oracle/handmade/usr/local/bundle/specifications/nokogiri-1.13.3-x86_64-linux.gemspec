# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.3 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.13.3"
  s.platform = "x86_64-linux".freeze

  s.require_paths = ["lib".freeze]
  s.licenses = ["MIT".freeze]
  s.summary = "Nokogiri makes it easy to work with XML and HTML from Ruby.".freeze
  s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])
end
