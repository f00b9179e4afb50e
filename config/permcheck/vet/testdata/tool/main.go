// Command tool is what wxfn is when go vet starts it.
package main

import (
	"os"

	"github.com/wxcloud-go/wxfn/config/permcheck/vet"
)

func main() {
	if !vet.Wanted(os.Args[1:]) {
		os.Exit(2)
	}
	vet.Main()
}
