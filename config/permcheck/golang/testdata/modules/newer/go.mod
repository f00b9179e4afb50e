module example.com/newer

go 1.26.0

require github.com/wxcloud-go/wxfn v1.0.0

replace github.com/wxcloud-go/wxfn => ../../sdk
