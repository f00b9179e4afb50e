package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrInUse means that another process has the state open.
var ErrInUse = errors.New("the state is in use by another emulator")

const maxBatch = 1000 // codes that one commit keeps

var (
	metaBucket  = []byte("meta")
	codesBucket = []byte("codes")   // ID → Code as JSON
	usedBucket  = []byte("used")    // AppID, quota → number
	seenBucket  = []byte("seen")    // AppID, quota, key → nothing
	versionKey  = []byte("version") // in metaBucket
)

// migrations lead from each version of the file to the next: the first one from an empty file to version 1.
var migrations = []func(*bbolt.Tx) error{
	func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, codesBucket, usedBucket, seenBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	},
}

// Disk is a Store in a file. What AddCode has returned is on the disk: neither the end of the process nor the loss of
// power takes it away. Codes that come at the same time share one flush.
type Disk struct {
	db       *bbolt.DB
	requests chan *request
	stopped  chan struct{} // closed when no request is taken any more
	finished sync.WaitGroup
	stop     sync.Once
}

// request is an AddCode on its way.
type request struct {
	code  Code
	quota Quota
	used  int
	err   error
	done  chan struct{}
}

// Open opens the store in a file, or makes one. A file of an older version is brought up to date, one of a newer version
// is refused. The error is [ErrInUse] where another process has the file open, and does not close it within wait.
func Open(path string, wait time.Duration) (d *Disk, err error) {
	defer func() {
		// bbolt panics on some damaged files.
		if v := recover(); v != nil {
			d, err = nil, damaged(path, fmt.Errorf("%v", v))
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: max(wait, time.Millisecond), // 0 would be for ever
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, damaged(path, err)
	case err != nil:
		return nil, fmt.Errorf("the state file: %w", err)
	}
	if err := db.Update(migrate); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// The file's name must last as well as its content.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	d = &Disk{db: db, requests: make(chan *request), stopped: make(chan struct{})}
	d.finished.Go(d.commit)
	return d, nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("the state file %s is damaged: %w; move it away to begin with a new one", path, err)
}

func migrate(tx *bbolt.Tx) error {
	version := 0
	if meta := tx.Bucket(metaBucket); meta != nil {
		version = int(number(meta.Get(versionKey)))
	}
	if version > len(migrations) {
		return fmt.Errorf("the state is of version %d, and this wxfn knows %d; use a newer wxfn, or another --state", version, len(migrations))
	}
	for _, step := range migrations[version:] {
		if err := step(tx); err != nil {
			return fmt.Errorf("bringing the state up to date: %w", err)
		}
	}
	return tx.Bucket(metaBucket).Put(versionKey, bigEndian(uint64(len(migrations))))
}

// AddCode implements [Store].
func (d *Disk) AddCode(c Code, q Quota) (int, error) {
	r := &request{code: c, quota: q, done: make(chan struct{})}
	select {
	case d.requests <- r:
		<-r.done
		return r.used, r.err
	case <-d.stopped:
		return 0, errors.New("the store is closed")
	}
}

// commit keeps requests, all that wait at a time in one transaction.
func (d *Disk) commit() {
	for {
		var batch []*request
		select {
		case r := <-d.requests:
			batch = append(batch, r)
		case <-d.stopped:
			return
		}
		for waiting := true; waiting && len(batch) < maxBatch; {
			select {
			case r := <-d.requests:
				batch = append(batch, r)
			default:
				waiting = false
			}
		}
		err := d.db.Update(func(tx *bbolt.Tx) error {
			for _, r := range batch {
				r.used, r.err = add(tx, r.code, r.quota)
				if r.err != nil && !errors.Is(r.err, ErrFull) {
					return r.err
				}
			}
			return nil
		})
		for _, r := range batch {
			if err != nil {
				r.err = fmt.Errorf("the state file: %w", err)
			}
			close(r.done)
		}
	}
}

func add(tx *bbolt.Tx, c Code, q Quota) (used int, err error) {
	if q.Name != "" {
		pool := []byte(c.AppID + "\x00" + q.Name)
		used = int(number(tx.Bucket(usedBucket).Get(pool)))
		seen := []byte(c.AppID + "\x00" + q.Name + "\x00" + q.Key)
		if q.Key == "" || tx.Bucket(seenBucket).Get(seen) == nil {
			if used >= q.Limit {
				return used, ErrFull
			}
			used++
			if err := tx.Bucket(usedBucket).Put(pool, bigEndian(uint64(used))); err != nil {
				return 0, err
			}
			if q.Key != "" {
				if err := tx.Bucket(seenBucket).Put(seen, []byte{1}); err != nil {
					return 0, err
				}
			}
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	return used, tx.Bucket(codesBucket).Put([]byte(c.ID), text)
}

// Code implements [Store].
func (d *Disk) Code(id string) (c Code, ok bool, err error) {
	if id == "" {
		return c, false, nil
	}
	err = d.db.View(func(tx *bbolt.Tx) error {
		text := tx.Bucket(codesBucket).Get([]byte(id))
		if text == nil {
			return nil
		}
		ok = true
		return json.Unmarshal(text, &c)
	})
	if err != nil {
		return Code{}, false, fmt.Errorf("the state file: code %q: %w", id, err)
	}
	return c, ok, nil
}

// Close implements [Store].
func (d *Disk) Close() error {
	d.stop.Do(func() { close(d.stopped) })
	d.finished.Wait()
	return d.db.Close()
}

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// number reads what bigEndian wrote; 0 where there is nothing.
func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
