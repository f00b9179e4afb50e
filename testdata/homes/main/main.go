// Command main is the function of package homes as what one deploys.
package main

import (
	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/testdata/homes"
)

func main() { cloudfn.Start(homes.Handle) }
