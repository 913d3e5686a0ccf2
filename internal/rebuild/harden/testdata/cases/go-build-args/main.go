package main

import (
	"fmt"
	"log"
	"net/http"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello", version) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
