module example.com/clock

go 1.22

require example.com/ticks v0.1.0
