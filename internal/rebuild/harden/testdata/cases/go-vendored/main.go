package main

import (
	"fmt"
	"time"

	"example.com/ticks"
)

func main() {
	start := time.Now()
	for {
		time.Sleep(time.Second)
		fmt.Println(ticks.Since(start))
	}
}
