package tcb

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// KeyValuePair is one parameter of a cloud call.
type KeyValuePair struct {
	// Key is the parameter's name in snake_case.
	Key string
	// Value is the parameter's JSON text (a string keeps its quotes), or raw bytes when Filename is set.
	Value []byte
	// ContentType is the MIME type of raw bytes. The official SDK means to send it, but leaves it off the wire.
	ContentType string
	// Filename marks Value as raw bytes, and carries their type as its extension ("media.jpeg").
	Filename string
}

// OpenAPIData holds the parameters of a cloud call, in the order they were written.
type OpenAPIData struct {
	Pairs []KeyValuePair
}

// APIType tells which kind of API a CommAPIData calls.
type APIType int32

// OpenAPI is the kind that wx.openApi calls; the wire writes it although it is zero.
const OpenAPI APIType = 0

// CommAPIData is the requestData of a cloud call.
type CommAPIData struct {
	APIType     APIType
	OpenAPIData OpenAPIData
	// AppID is the app on whose behalf the call is made; empty for the function's own.
	AppID string
}

// CommOpenAPIResp is the answer to a cloud call.
type CommOpenAPIResp struct {
	RespData    []byte
	ContentType string
	// ErrorCode is a WeChat system error such as -604101; 0 when the API itself answered.
	ErrorCode       int32
	HTTPCode        uint32
	Headers         []HTTPHeader
	SvrkitErrorCode int32
}

// HTTPHeader is one header of the API's own HTTP answer.
type HTTPHeader struct {
	Key, Value string
}

// Marshal returns the message's wire form.
func (m *CommAPIData) Marshal() []byte {
	// The official SDK writes api_type even when it is zero, and so do we.
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(m.APIType))
	b = appendMessage(b, 2, m.OpenAPIData.Marshal())
	return appendString(b, 6, m.AppID)
}

// Marshal returns the message's wire form.
func (m *OpenAPIData) Marshal() []byte {
	var b []byte
	for i := range m.Pairs {
		b = appendMessage(b, 1, m.Pairs[i].Marshal())
	}
	return b
}

// Marshal returns the message's wire form.
func (m *KeyValuePair) Marshal() []byte {
	b := make([]byte, 0, len(m.Key)+len(m.Value)+len(m.ContentType)+len(m.Filename)+16)
	b = appendString(b, 1, m.Key)
	b = appendBytes(b, 2, m.Value)
	b = appendString(b, 3, m.ContentType)
	return appendString(b, 4, m.Filename)
}

// Marshal returns the message's wire form.
func (m *CommOpenAPIResp) Marshal() []byte {
	b := make([]byte, 0, len(m.RespData)+len(m.ContentType)+32)
	b = appendBytes(b, 1, m.RespData)
	b = appendString(b, 2, m.ContentType)
	b = appendVarint(b, 3, uint64(m.ErrorCode))
	b = appendVarint(b, 4, uint64(m.HTTPCode))
	for i := range m.Headers {
		b = appendMessage(b, 5, m.Headers[i].Marshal())
	}
	return appendVarint(b, 6, uint64(m.SvrkitErrorCode))
}

// Marshal returns the message's wire form.
func (m *HTTPHeader) Marshal() []byte {
	return appendString(appendString(nil, 1, m.Key), 2, m.Value)
}

// Unmarshal reads the message from its wire form; fields that it does not know are skipped.
func (m *CommAPIData) Unmarshal(b []byte) error {
	*m = CommAPIData{}
	return eachField("CommApiData", b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			return v.into32((*int32)(&m.APIType))
		case 2:
			if v.bytes == nil {
				return errWireType
			}
			return m.OpenAPIData.Unmarshal(v.bytes)
		case 6:
			return v.intoString(&m.AppID)
		}
		return nil
	})
}

// Unmarshal reads the message from its wire form; fields that it does not know are skipped.
func (m *OpenAPIData) Unmarshal(b []byte) error {
	*m = OpenAPIData{}
	return eachField("OpenApiData", b, func(n protowire.Number, v field) error {
		if n != 1 {
			return nil
		}
		if v.bytes == nil {
			return errWireType
		}
		var pair KeyValuePair
		if err := pair.Unmarshal(v.bytes); err != nil {
			return err
		}
		if len(m.Pairs) == maxPairs { // a pair takes much more memory than the two bytes of an empty one
			return fmt.Errorf("there are more than %d", maxPairs)
		}
		m.Pairs = append(m.Pairs, pair)
		return nil
	})
}

// Unmarshal reads the message from its wire form; fields that it does not know are skipped.
func (m *KeyValuePair) Unmarshal(b []byte) error {
	*m = KeyValuePair{}
	return eachField("KeyValuePair", b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			return v.intoString(&m.Key)
		case 2:
			return v.intoBytes(&m.Value)
		case 3:
			return v.intoString(&m.ContentType)
		case 4:
			return v.intoString(&m.Filename)
		}
		return nil
	})
}

// Unmarshal reads the message from its wire form; fields that it does not know are skipped.
func (m *CommOpenAPIResp) Unmarshal(b []byte) error {
	*m = CommOpenAPIResp{}
	return eachField("CommOpenApiResp", b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			return v.intoBytes(&m.RespData)
		case 2:
			return v.intoString(&m.ContentType)
		case 3:
			return v.into32(&m.ErrorCode)
		case 4:
			var code int32
			err := v.into32(&code)
			m.HTTPCode = uint32(code)
			return err
		case 5:
			if v.bytes == nil {
				return errWireType
			}
			var h HTTPHeader
			if err := h.Unmarshal(v.bytes); err != nil {
				return err
			}
			m.Headers = append(m.Headers, h)
		case 6:
			return v.into32(&m.SvrkitErrorCode)
		}
		return nil
	})
}

// Unmarshal reads the message from its wire form; fields that it does not know are skipped.
func (m *HTTPHeader) Unmarshal(b []byte) error {
	*m = HTTPHeader{}
	return eachField("HttpHeader", b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			return v.intoString(&m.Key)
		case 2:
			return v.intoString(&m.Value)
		}
		return nil
	})
}

func appendVarint(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return appendMessage(b, n, v)
}

// appendMessage writes v even when it is empty: an empty message is not an absent one.
func appendMessage(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

// maxPairs bounds the parameters of a call; no API takes nearly as many.
const maxPairs = 100_000

// field is a field's value: bytes is nil unless it is length-delimited.
type field struct {
	varint uint64
	bytes  []byte
}

var errWireType = fmt.Errorf("a field has the wrong wire type")

func (v field) into32(dst *int32) error {
	if v.bytes != nil {
		return errWireType
	}
	*dst = int32(v.varint)
	return nil
}

func (v field) intoString(dst *string) error {
	if v.bytes == nil {
		return errWireType
	}
	*dst = string(v.bytes)
	return nil
}

func (v field) intoBytes(dst *[]byte) error {
	if v.bytes == nil {
		return errWireType
	}
	*dst = v.bytes
	return nil
}

// eachField calls f for every varint and length-delimited field of a message; bytes that f gets alias b.
func eachField(message string, b []byte, f func(protowire.Number, field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("protobuf %s: %w", message, protowire.ParseError(n))
		}
		b = b[n:]
		var v field
		switch typ {
		case protowire.VarintType:
			v.varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
			if v.bytes == nil {
				v.bytes = []byte{}
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return fmt.Errorf("protobuf %s: field %d: %w", message, num, protowire.ParseError(n))
		}
		b = b[n:]
		if typ != protowire.VarintType && typ != protowire.BytesType {
			continue
		}
		if err := f(num, v); err != nil {
			return fmt.Errorf("protobuf %s: field %d: %w", message, num, err)
		}
	}
	return nil
}
