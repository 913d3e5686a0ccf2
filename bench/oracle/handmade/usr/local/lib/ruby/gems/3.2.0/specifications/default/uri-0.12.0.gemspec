# -*- encoding: utf-8 -*-
# stub: uri 0.12.0 ruby lib

Gem::Specification.new do |s|
  s.name = "uri".freeze
  s.version = "0.12.0"

  s.require_paths = ["lib".freeze]
  s.licenses = ["Ruby".freeze, "BSD-2-Clause".freeze]
  s.summary = "URI is a module providing classes to handle Uniform Resource Identifiers".freeze
end
