// echo is what pods of the tests run: a server that says who answers, or with a URL a client that
// prints the answer.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		fetch(os.Args[1])
		return
	}
	host, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	log.Print("serving on :8080")
	log.Fatal(http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "echo from %s\n", host)
	})))
}

func fetch(url string) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		log.Fatal(err)
	}
}
