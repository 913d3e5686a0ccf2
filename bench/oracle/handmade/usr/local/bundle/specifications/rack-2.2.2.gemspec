# -*- encoding: utf-8 -*-
# stub: rack 2.2.2 ruby lib

Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "2.2.2"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.metadata = { "bug_tracker_uri" => "https://github.com/rack/rack/issues" } if s.respond_to? :metadata=
  s.require_paths = ["lib".freeze]
  s.authors = ["Leah Neukirchen".freeze]
  s.date = "2020-02-10"
  s.licenses = ["MIT".freeze]
  s.summary = "A modular Ruby webserver interface.".freeze

  s.installed_by_version = "3.2.3" if s.respond_to? :installed_by_version
  s.add_development_dependency(%q<minitest>.freeze, ["~> 5.0".freeze])
end
