module example.com/replaced

go 1.26.0

require (
	example.com/qr v1.0.0
	github.com/wxcloud-go/wxfn v1.0.0
)

replace example.com/qr => ./qr

replace github.com/wxcloud-go/wxfn => ../../sdk
