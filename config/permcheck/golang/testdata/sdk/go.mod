module github.com/wxcloud-go/wxfn

go 1.26.0
