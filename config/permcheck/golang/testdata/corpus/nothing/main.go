// Command nothing calls no API.
package main

import "fmt"

type greeting string

func (g greeting) String() string { return "hello" }

func main() { fmt.Println(greeting("")) }
