package main

import (
	"example.com/shop/cloudfunctions/send/helper"
	"github.com/wxcloud-go/wxfn/cloudfn"
)

func main() { cloudfn.Start(helper.Send) }
