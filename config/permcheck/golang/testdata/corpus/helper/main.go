package main

import (
	"context"

	"example.com/functions/helper/send"
)

func main() { send.Send(context.Background()) }
