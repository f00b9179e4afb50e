package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	errReadOnly = errors.New("a transaction that only reads cannot write")
	errNoKey    = errors.New("a key must not be empty")
)

// format is the version of the state file as a whole; each bucket has one of its own beside it. Version 2 added the sum.
const format = 2

var (
	metaBucket = []byte("meta")
	versionKey = []byte("version") // of the format; "version/<name>" is that of a bucket
	sumKey     = []byte("sum")     // [sumOf] all buckets, which finds a record that is damaged or missing
)

// maxBatch bounds how many updates one sync keeps.
const maxBatch = 1000

// disk is the backend of a store in a file of bbolt.
type disk struct {
	path     string
	file     os.FileInfo                // that db has open
	size     atomic.Int64               // of the file when it was last looked at
	broken   atomic.Pointer[panicError] // after which db is not touched any more
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

func openDisk(path string, wait time.Duration, buckets []*Bucket) (*disk, error) {
	db, info, err := openOrCreate(path, wait)
	if err != nil {
		return nil, about(path, err)
	}
	d := &disk{path: path, file: info, db: db, known: map[*Bucket]bool{}, updates: make(chan *update), stopped: make(chan struct{})}
	for _, b := range buckets {
		d.known[b] = true
	}
	err = d.guard(func() error {
		err := db.View(func(tx *bbolt.Tx) error { return check(tx, buckets) })
		if errors.Is(err, errOlder) {
			err = db.Update(func(tx *bbolt.Tx) error { return migrate(tx, buckets) })
		}
		return err
	})
	if err != nil {
		if d.broken.Load() == nil {
			_ = db.Close()
		}
		return nil, about(path, err)
	}
	d.finished.Go(d.commit)
	return d, nil
}

// about adds the file to an error, and what to do about it.
func about(path string, err error) error {
	switch pathErr, ok := errors.AsType[*fs.PathError](err); {
	case errors.Is(err, ErrInUse):
		return err
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("the state file %s cannot be used: %w; put a copy of it back, or move it away to begin with a new one", path, err)
	case ok:
		err = pathErr.Err // the path may be that of a temporary file
	}
	return fmt.Errorf("the state file %s: %w", path, err)
}

// errOlder means that the file lacks a bucket, or has one of an older version.
var errOlder = errors.New("it is of an older version")

// check returns an error where the content is not as it was written, is newer than this wxfn, or older ([errOlder]).
func check(tx *bbolt.Tx, buckets []*Bucket) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return fmt.Errorf("%w: it holds %q and has no version", ErrDamaged, name)
		}
		return errOlder // it is empty
	}
	version, sum := number(meta.Get(versionKey)), meta.Get(sumKey)
	switch {
	case version > format:
		return newer("it", version, format)
	case version == 0 || (version == format) != (sum != nil):
		return fmt.Errorf("%w: its version is not as it was written", ErrDamaged)
	case version == format && number(sum) != sumOf(tx):
		return fmt.Errorf("%w: its content is not as it was written", ErrDamaged)
	}
	older := version < format
	for _, b := range buckets {
		version, newest := number(meta.Get(versionOf(b))), uint64(len(b.Migrations))
		if version > newest {
			return newer(fmt.Sprintf("its part %q", b.Name), version, newest)
		}
		older = older || version < newest || tx.Bucket([]byte(b.Name)) == nil
	}
	if older {
		return errOlder
	}
	return nil
}

func versionOf(b *Bucket) []byte { return []byte("version/" + b.Name) }

// migrate creates the buckets that the file lacks and brings the others up to date.
func migrate(tx *bbolt.Tx, buckets []*Bucket) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	for _, b := range buckets {
		items, err := tx.CreateBucketIfNotExists([]byte(b.Name))
		if err != nil {
			return err
		}
		for _, step := range b.Migrations[number(meta.Get(versionOf(b))):] {
			if err := step(&diskItems{name: []byte(b.Name), bucket: items, tx: &Tx{}}); err != nil {
				return fmt.Errorf("bringing %q up to date: %w", b.Name, err)
			}
		}
		if err := meta.Put(versionOf(b), bigEndian(uint64(len(b.Migrations)))); err != nil {
			return err
		}
	}
	if err := meta.Put(versionKey, bigEndian(format)); err != nil {
		return err
	}
	return meta.Put(sumKey, bigEndian(sumOf(tx)))
}

func newer(what string, version, known uint64) error {
	return fmt.Errorf("%s has version %d, and this wxfn knows %d; use a newer wxfn, or another --state", what, version, known)
}

// sumOf adds up the hashes of all records but the sum itself.
func sumOf(tx *bbolt.Tx) (sum uint64) {
	_ = tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
		return bucket.ForEach(func(key, value []byte) error {
			if !bytes.Equal(name, metaBucket) || !bytes.Equal(key, sumKey) {
				sum += hash(name, key, value)
			}
			return nil
		})
	})
	return sum
}

// hash returns the hash of a record.
func hash(bucket, key, value []byte) uint64 {
	h := fnv.New64a()
	for _, part := range [][]byte{bucket, key, value} {
		_, _ = h.Write(bigEndian(uint64(len(part))))
		_, _ = h.Write(part)
	}
	return h.Sum64()
}

// guard is [guarded] for the file of an open store, which must still be there, and no shorter than it was.
func (d *disk) guard(f func() error) error {
	if err := d.broken.Load(); err != nil {
		return err
	}
	before := d.size.Load() // before it can grow
	info, err := os.Lstat(d.path)
	if err != nil || !os.SameFile(info, d.file) {
		return errors.New("it was removed or replaced while it was in use; start the emulator anew")
	}
	if info.Size() < before {
		return fmt.Errorf("%w: it was cut off while it was in use", ErrDamaged)
	}
	d.size.Store(info.Size())
	err = guarded(f)
	if panicked, ok := errors.AsType[*panicError](err); ok {
		d.broken.Store(panicked)
	}
	return err
}

func (d *disk) view(f func(*Tx) error) error {
	u := &update{f: f}
	err := d.guard(func() error {
		return d.db.View(func(tx *bbolt.Tx) error {
			u.run(d.tx(tx))
			return nil
		})
	})
	switch {
	case u.panicked != nil:
		panic(u.panicked)
	case err != nil:
		return about(d.path, err)
	}
	return u.err
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
		err := d.guard(func() error {
			return d.db.Update(func(tx *bbolt.Tx) error {
				written, change := false, uint64(0)
				for _, u := range batch {
					t := d.tx(tx)
					if u.run(t); t.written && u.failed() {
						spoilt = u
						return errNothing
					}
					written, change = written || t.written, change+t.change
				}
				if !written {
					return errNothing
				}
				meta := tx.Bucket(metaBucket)
				return meta.Put(sumKey, bigEndian(number(meta.Get(sumKey))+change))
			})
		})
		if spoilt == nil {
			for _, u := range batch {
				if err != nil && !errors.Is(err, errNothing) {
					u.err = about(d.path, err)
				}
				close(u.done)
			}
			return
		}
		batch = slices.DeleteFunc(batch, func(u *update) bool { return u == spoilt })
		close(spoilt.done)
	}
}

// run calls the update's function. Its panic belongs to whoever waits for it, unless it is that of a file which was cut off.
func (u *update) run(t *Tx) {
	defer func() {
		v := recover()
		if _, fault := v.(interface{ Addr() uintptr }); fault {
			u.err = &panicError{v}
		} else {
			u.panicked = v
		}
	}()
	u.err = u.f(t)
}

func (u *update) failed() bool { return u.err != nil || u.panicked != nil }

func (d *disk) close() error {
	d.stop.Do(func() { close(d.stopped) })
	d.finished.Wait()
	if d.broken.Load() != nil {
		return nil // its locks may be held for ever, and that of the file until the process ends
	}
	return d.db.Close()
}

func (d *disk) tx(tx *bbolt.Tx) *Tx {
	t := &Tx{}
	t.items = func(b *Bucket) Items {
		if !d.known[b] {
			panic(fmt.Sprintf("the store has no bucket %q", b.Name))
		}
		return &diskItems{[]byte(b.Name), tx.Bucket([]byte(b.Name)), t}
	}
	return t
}

type diskItems struct {
	name   []byte
	bucket *bbolt.Bucket
	tx     *Tx
}

func (i *diskItems) Get(key string) []byte { return i.bucket.Get([]byte(key)) }

func (i *diskItems) Put(key string, value []byte) error {
	i.tx.written = true
	if value == nil {
		value = []byte{} // as it is read from a file
	}
	change := hash(i.name, []byte(key), value) - i.hash(key)
	return i.wrote(i.bucket.Put([]byte(key), value), change)
}

func (i *diskItems) Delete(key string) error {
	i.tx.written = true
	if key == "" {
		return errNoKey
	}
	change := -i.hash(key)
	return i.wrote(i.bucket.Delete([]byte(key)), change)
}

// hash returns the hash of a key's record, 0 if there is none.
func (i *diskItems) hash(key string) uint64 {
	if value := i.bucket.Get([]byte(key)); value != nil {
		return hash(i.name, []byte(key), value)
	}
	return 0
}

// wrote ends a write, by which the sum changes if it succeeded.
func (i *diskItems) wrote(err error, change uint64) error {
	switch {
	case err == nil:
		i.tx.change += change
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
