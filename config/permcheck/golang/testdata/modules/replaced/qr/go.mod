module example.com/qr

go 1.26.0

require github.com/wxcloud-go/wxfn v1.0.0
