package permcheck

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The schema of SARIF is not part of this repository: it is sarif-schema-2.1.0.json of
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
func TestSARIFIsValidByTheOfficialSchema(t *testing.T) {
	t.Parallel()
	file := os.Getenv("WXFN_SARIF_SCHEMA")
	if file == "" {
		t.Skip("WXFN_SARIF_SCHEMA does not name the schema of SARIF 2.1.0")
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(file)
	require.NoError(t, err)
	validate := func(log sarifLog) error {
		var b bytes.Buffer
		require.NoError(t, encode(&b, log))
		value, err := jsonschema.UnmarshalJSON(&b)
		require.NoError(t, err)
		return schema.Validate(value)
	}
	for _, c := range reportCases {
		for _, version := range []string{"", "1.2.3"} {
			assert.NoError(t, validate(c.report(t).sarif(version)), c.name)
		}
	}
	broken := fullReport(t).sarif("")
	broken.Runs[0].Results[0].Level = "fatal"
	assert.Error(t, validate(broken), "the schema is in force")
}
