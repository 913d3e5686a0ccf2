ARGF.each_line.tally.sort_by { |_, n| -n }.first(10).each { |line, n| puts "#{n} #{line}" }
