package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	errReadOnly = errors.New("a transaction that only reads cannot write")
	errNoKey    = errors.New("a key must not be empty")
)

// format is the version of the state file as a whole; each bucket has one of its own beside it.
const format = 1

var (
	metaBucket = []byte("meta")
	versionKey = []byte("version") // of the format; "version/<name>" is that of a bucket
)

// maxBatch bounds how many updates one sync keeps.
const maxBatch = 1000

// disk is the backend of a store in a file of bbolt.
type disk struct {
	db       *bbolt.DB
	known    map[*Bucket]bool
	updates  chan *update
	stopped  chan struct{} // closed when no update is accepted any more
	finished sync.WaitGroup
	stop     sync.Once
}

// update is a transaction that waits for its sync.
type update struct {
	f        func(*Tx) error
	err      error
	panicked any
	done     chan struct{} // closed when the fields above are set
}

func openDisk(path string, wait time.Duration, buckets []*Bucket) (d *disk, err error) {
	defer func() {
		// bbolt panics on some damaged files.
		if v := recover(); v != nil {
			d, err = nil, damaged(path, fmt.Errorf("%v", v))
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: max(wait, time.Millisecond), // 0 would wait for ever
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, damaged(path, err)
	case err != nil:
		return nil, fmt.Errorf("the state file: %w", err)
	}
	d = &disk{db: db, known: map[*Bucket]bool{}, updates: make(chan *update), stopped: make(chan struct{})}
	if err := db.Update(func(tx *bbolt.Tx) error { return d.migrate(tx, buckets) }); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// The file's name must last as well as its content.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	d.finished.Go(d.commit)
	return d, nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("the state file %s is damaged: %w; move it away to begin with a new one", path, err)
}

// migrate creates the buckets that the file lacks and brings the others up to date.
func (d *disk) migrate(tx *bbolt.Tx, buckets []*Bucket) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if version := number(meta.Get(versionKey)); version > format {
		return newer("the state", version, format)
	}
	if err := meta.Put(versionKey, bigEndian(format)); err != nil {
		return err
	}
	for _, b := range buckets {
		d.known[b] = true
		items, err := tx.CreateBucketIfNotExists([]byte(b.Name))
		if err != nil {
			return err
		}
		key := []byte("version/" + b.Name)
		version, newest := number(meta.Get(key)), uint64(len(b.Migrations))
		if version > newest {
			return newer(fmt.Sprintf("the part %q of the state", b.Name), version, newest)
		}
		for _, step := range b.Migrations[version:] {
			if err := step(&diskItems{bucket: items, tx: &Tx{}}); err != nil {
				return fmt.Errorf("bringing %q up to date: %w", b.Name, err)
			}
		}
		if err := meta.Put(key, bigEndian(newest)); err != nil {
			return err
		}
	}
	return nil
}

func newer(what string, version, known uint64) error {
	return fmt.Errorf("%s has version %d, and this wxfn knows %d; use a newer wxfn, or another --state", what, version, known)
}

func (d *disk) view(f func(*Tx) error) error {
	var failed error
	err := d.db.View(func(tx *bbolt.Tx) error {
		failed = f(d.tx(tx))
		return nil
	})
	if err != nil {
		return fmt.Errorf("the state file: %w", err)
	}
	return failed
}

func (d *disk) update(f func(*Tx) error) error {
	u := &update{f: f, done: make(chan struct{})}
	select {
	case d.updates <- u:
		<-u.done
	case <-d.stopped:
		return errClosed
	}
	if u.panicked != nil {
		panic(u.panicked)
	}
	return u.err
}

// commit keeps what updates write. Those that come while the disk is being synced are kept by one sync together.
func (d *disk) commit() {
	for {
		select {
		case u := <-d.updates:
			d.keep(d.waiting([]*update{u}))
		case <-d.stopped:
			return
		}
	}
}

// waiting adds the updates that wait to a batch.
func (d *disk) waiting(batch []*update) []*update {
	for len(batch) < maxBatch {
		select {
		case u := <-d.updates:
			batch = append(batch, u)
		default:
			return batch
		}
	}
	return batch
}

// errNothing rolls back a transaction that changes nothing, which spares a sync.
var errNothing = errors.New("nothing was written")

// keep commits a batch. An update that has written before it fails takes the transaction with it, and the others begin anew.
func (d *disk) keep(batch []*update) {
	for len(batch) > 0 {
		var spoilt *update
		err := d.db.Update(func(tx *bbolt.Tx) error {
			written := false
			for _, u := range batch {
				t := d.tx(tx)
				if u.run(t); t.written && u.failed() {
					spoilt = u
					return errNothing
				}
				written = written || t.written
			}
			if !written {
				return errNothing
			}
			return nil
		})
		if spoilt == nil {
			for _, u := range batch {
				if err != nil && !errors.Is(err, errNothing) {
					u.err = fmt.Errorf("the state file: %w", err)
				}
				close(u.done)
			}
			return
		}
		batch = slices.DeleteFunc(batch, func(u *update) bool { return u == spoilt })
		close(spoilt.done)
	}
}

// run calls the update's function. Its panic belongs to whoever waits for it.
func (u *update) run(t *Tx) {
	defer func() { u.panicked = recover() }()
	u.err = u.f(t)
}

func (u *update) failed() bool { return u.err != nil || u.panicked != nil }

func (d *disk) close() error {
	d.stop.Do(func() { close(d.stopped) })
	d.finished.Wait()
	return d.db.Close()
}

func (d *disk) tx(tx *bbolt.Tx) *Tx {
	t := &Tx{}
	t.items = func(b *Bucket) Items {
		if !d.known[b] {
			panic(fmt.Sprintf("the store has no bucket %q", b.Name))
		}
		return &diskItems{tx.Bucket([]byte(b.Name)), t}
	}
	return t
}

type diskItems struct {
	bucket *bbolt.Bucket
	tx     *Tx
}

func (i *diskItems) Get(key string) []byte { return i.bucket.Get([]byte(key)) }

func (i *diskItems) Put(key string, value []byte) error {
	i.tx.written = true
	return i.wrote(i.bucket.Put([]byte(key), value))
}

func (i *diskItems) Delete(key string) error {
	i.tx.written = true
	if key == "" {
		return errNoKey
	}
	return i.wrote(i.bucket.Delete([]byte(key)))
}

func (i *diskItems) wrote(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTxNotWritable):
		return errReadOnly
	case errors.Is(err, bolterrors.ErrKeyRequired):
		return errNoKey
	}
	return err
}

func (i *diskItems) Scan(prefix string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		c := i.bucket.Cursor()
		for key, value := c.Seek([]byte(prefix)); key != nil && strings.HasPrefix(string(key), prefix); key, value = c.Next() {
			if !yield(string(key), value) {
				return
			}
		}
	}
}

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// number is the inverse of bigEndian; 0 for nil.
func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
