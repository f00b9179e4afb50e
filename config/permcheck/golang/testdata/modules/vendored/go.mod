module example.com/vendored

go 1.26.0

require (
	example.com/qr v1.0.0
	github.com/wxcloud-go/wxfn v1.0.0
)
