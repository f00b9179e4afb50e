package catalog

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOfficialNamesInGoSpelling(t *testing.T) {
	t.Parallel()
	for official, want := range map[string]string{
		"line_color": "LineColor", "lineColor": "LineColor", "roomId": "RoomID", "trace_id": "TraceID", "openid": "OpenID",
		"createQRCode": "CreateQRCode", "scanQRCode": "ScanQRCode", "generateNFCScheme": "GenerateNFCScheme", "updateKF": "UpdateKF",
		"@type": "Type", "price2": "Price2", "mediaIds": "MediaIDs", "errorMsgMd5": "ErrorMsgMD5", "EnvId": "EnvID", "ocr": "OCR",
		"getVoIPSign": "GetVoIPSign", "visit_uv_new": "VisitUVNew", "img_url": "ImgURL", "sendSmsV2": "SendSMSV2",
	} {
		assert.Equal(t, want, GoName(official), official)
	}
}
