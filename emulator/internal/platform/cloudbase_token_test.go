package platform

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

func TestACloudbaseTokenStandsForItsServiceUntilItsEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := New(Config{AppID: "wx1", Env: "env-1", Store: store.Memory(launch.Buckets()...), Now: func() time.Time { return now }})
	one, two := p.AddService("one", nil), p.AddService("two", nil)
	session := &Session{RequestID: uuid.NewString()}
	token := one.Begin(session)
	code := func(token string) int {
		_, _, err := p.owner(token)
		if err == nil {
			return 0
		}
		var refused *apicall.Error
		require.ErrorAs(t, err, &refused)
		return refused.Code
	}

	owner, request, err := p.owner(token)
	require.NoError(t, err)
	assert.Same(t, one, owner)
	assert.Equal(t, session.RequestID, request.String())
	owner, request, err = p.owner(two.Token())
	require.NoError(t, err)
	assert.Same(t, two, owner)
	assert.Equal(t, uuid.Nil, request)

	for i := range token {
		forged := []byte(token)
		forged[i] = 'A' + (forged[i]-'A'+1)%26
		assert.Equal(t, 40001, code(string(forged)), "character %d", i)
	}
	for _, wrong := range []string{"", "x", token[1:], token + "A", "ü" + token[2:]} {
		assert.Equal(t, 40001, code(wrong))
	}
	now = now.Add(cloudbaseTokenLife - time.Millisecond)
	assert.Equal(t, 0, code(token))
	now = now.Add(time.Millisecond)
	assert.Equal(t, 42001, code(token))
	now = now.Add(-time.Minute)
	one.Close()
	assert.Equal(t, 40001, code(token), "the service is gone")
	assert.Nil(t, p.serviceOf(one.Key()))
	assert.NotNil(t, p.serviceOf(two.Key()))
}

func TestACallIsGivenToARequestOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	p := New(Config{AppID: "wx1", Env: "env-1", Store: store.Memory(launch.Buckets()...), Now: time.Now})
	s := p.AddService("one", nil)
	first, second := &Session{RequestID: uuid.NewString()}, &Session{RequestID: uuid.NewString()}
	assert.Nil(t, s.session(uuid.Nil))
	s.Begin(first)
	assert.Same(t, first, s.session(uuid.Nil), "the only one")
	s.Begin(second)
	assert.Nil(t, s.session(uuid.Nil), "either could be meant")
	assert.Same(t, second, s.session(uuid.MustParse(second.RequestID)))
	s.End(second)
	assert.Nil(t, s.session(uuid.MustParse(second.RequestID)), "one that is over; its call is nobody else's")
	assert.Same(t, first, s.session(uuid.Nil))
}
