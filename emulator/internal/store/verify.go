package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The format of bbolt's files: pages, each with a header, that make up trees of keys. Integers have the machine's own byte
// order.
//
// See https://pkg.go.dev/go.etcd.io/bbolt/internal/common.
const (
	pageHeader    = 16
	elementSize   = 16
	bucketHeader  = 16
	metaSize      = 64 // up to its checksum
	magic         = 0xED0CDAED
	formatVersion = 2
	noFreelist    = 1<<64 - 1
	maxPageSize   = 1 << 24

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10
	bucketLeaf   = 0x01
)

// verify returns why bbolt must not open a file. bbolt maps it into memory and trusts what it finds there: an offset that
// leads out of the file ends the process, and so does a tree that is none. Beyond that, a file with only one good meta page
// is refused, because the last commit may be missing from it.
func verify(f io.ReaderAt, size int64) error {
	m, err := readMeta(f, size)
	if err != nil {
		return err
	}
	v := &verifier{file: f, meta: m, used: map[uint64]bool{0: true, 1: true}}
	if err := v.freelist(); err != nil {
		return err
	}
	return v.tree(m.root, nil, nil)
}

// meta is what the newer of the two meta pages says.
type meta struct {
	pageSize             int64
	root, freelist, next uint64 // pages; next is the first that is in no use yet
	txid                 uint64
}

func readMeta(f io.ReaderAt, size int64) (*meta, error) {
	first, err := parseMeta(f, 0, 0)
	if err != nil {
		return nil, err
	}
	second, err := parseMeta(f, first.pageSize, 1)
	if err != nil {
		return nil, err
	}
	m := first
	if second.txid > first.txid {
		m = second
	}
	switch {
	case first.pageSize != second.pageSize || first.txid+1 != second.txid && second.txid+1 != first.txid:
		return nil, errors.New("its two meta pages do not belong together")
	case size%m.pageSize != 0, m.next > uint64(size/m.pageSize):
		return nil, fmt.Errorf("it has been cut off: it has %d bytes, and %d pages of %d bytes are in use", size, m.next, m.pageSize)
	}
	return m, nil
}

func parseMeta(f io.ReaderAt, offset int64, id uint64) (*meta, error) {
	page := make([]byte, pageHeader+metaSize)
	if _, err := f.ReadAt(page, offset); err != nil {
		return nil, fmt.Errorf("meta page %d: %w", id, endOfFile(err))
	}
	b, text := binary.NativeEndian, page[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(text[:metaSize-8])
	m := &meta{pageSize: int64(b.Uint32(text[8:])), root: b.Uint64(text[16:]), freelist: b.Uint64(text[32:]), next: b.Uint64(text[40:]), txid: b.Uint64(text[48:])}
	switch {
	case b.Uint32(text) != magic || b.Uint32(text[4:]) != formatVersion:
		return nil, fmt.Errorf("meta page %d is not that of a state file", id)
	case b.Uint64(text[metaSize-8:]) != sum.Sum64(), b.Uint64(page) != id, b.Uint16(page[8:]) != metaPage:
		return nil, fmt.Errorf("meta page %d is not as it was written", id)
	case m.pageSize < 1<<10 || m.pageSize > maxPageSize:
		return nil, fmt.Errorf("its pages have %d bytes", m.pageSize)
	}
	return m, nil
}

// endOfFile tells of the end of a file in people's words.
func endOfFile(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends before it")
	}
	return err
}

// verifier goes through all pages that are in use.
type verifier struct {
	file io.ReaderAt
	meta *meta
	used map[uint64]bool // pages that belong to something already
}

// page reads a page with those that it overflows into, and takes note that they are used.
func (v *verifier) page(id uint64) ([]byte, error) {
	header := make([]byte, pageHeader)
	if id < 2 || id >= v.meta.next {
		return nil, fmt.Errorf("page %d does not exist", id)
	}
	if _, err := v.file.ReadAt(header, int64(id)*v.meta.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, endOfFile(err))
	}
	count := 1 + uint64(binary.NativeEndian.Uint32(header[12:]))
	if got := binary.NativeEndian.Uint64(header); got != id || count > v.meta.next-id {
		return nil, fmt.Errorf("page %d is not as it was written", id)
	}
	for i := id; i < id+count; i++ {
		if v.used[i] {
			return nil, fmt.Errorf("page %d belongs to two others", i)
		}
		v.used[i] = true
	}
	page := make([]byte, int64(count)*v.meta.pageSize)
	if _, err := v.file.ReadAt(page, int64(id)*v.meta.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, endOfFile(err))
	}
	return page, nil
}

// freelist checks the list of free pages, which our files do not have, but those that other programs have made of them.
func (v *verifier) freelist() error {
	if v.meta.freelist == noFreelist {
		return nil
	}
	page, err := v.page(v.meta.freelist)
	if err != nil {
		return err
	}
	count, at := uint64(binary.NativeEndian.Uint16(page[10:])), uint64(pageHeader)
	if count == 0xFFFF {
		count, at = binary.NativeEndian.Uint64(page[pageHeader:]), pageHeader+8
	}
	if binary.NativeEndian.Uint16(page[8:]) != freelistPage || count > (uint64(len(page))-at)/8 {
		return fmt.Errorf("page %d is not a list of free pages", v.meta.freelist)
	}
	last := uint64(1)
	for i := range count {
		id := binary.NativeEndian.Uint64(page[at+8*i:])
		if id <= last || id >= v.meta.next || v.used[id] {
			return fmt.Errorf("page %d is not free, or does not exist", id)
		}
		last, v.used[id] = id, true
	}
	return nil
}

// tree checks the page of a tree and all below it. Their keys are not before least, and before most if that is not nil.
func (v *verifier) tree(id uint64, least, most []byte) error {
	page, err := v.page(id)
	if err != nil {
		return err
	}
	return v.elements(id, page, least, most)
}

// elements checks the keys of a page, and what they lead to.
func (v *verifier) elements(id uint64, page []byte, least, most []byte) error {
	broken := fmt.Errorf("page %d is not as it was written", id)
	b, flags, count := binary.NativeEndian, binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+count*elementSize > len(page) || flags != leafPage && (flags != branchPage || count == 0) {
		return broken
	}
	keys := make([][]byte, count)
	for i := range count {
		at := pageHeader + i*elementSize
		element := page[at:]
		pos, keySize, valueSize := uint64(b.Uint32(element)), uint64(b.Uint32(element[4:])), uint64(0)
		if flags == leafPage {
			pos, keySize, valueSize = uint64(b.Uint32(element[4:])), uint64(b.Uint32(element[8:])), uint64(b.Uint32(element[12:]))
		}
		start := uint64(at) + pos
		if start < uint64(pageHeader+count*elementSize) || start+keySize+valueSize > uint64(len(page)) {
			return broken
		}
		keys[i] = page[start : start+keySize]
		switch {
		case i == 0 && bytes.Compare(keys[0], least) < 0, i > 0 && bytes.Compare(keys[i], keys[i-1]) <= 0,
			most != nil && bytes.Compare(keys[i], most) >= 0:
			return fmt.Errorf("the keys of page %d are out of order", id)
		case flags == branchPage:
			continue // below
		}
		switch value := page[start+keySize : start+keySize+valueSize]; b.Uint32(element) {
		case 0:
		case bucketLeaf:
			if err := v.bucket(id, value); err != nil {
				return err
			}
		default:
			return broken
		}
	}
	if flags == leafPage {
		return nil
	}
	for i := range count {
		upTo := most
		if i+1 < count {
			upTo = keys[i+1]
		}
		if err := v.tree(b.Uint64(page[pageHeader+i*elementSize+8:]), keys[i], upTo); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks a bucket, which has a tree of its own, or is a page within the value.
func (v *verifier) bucket(id uint64, value []byte) error {
	if len(value) < bucketHeader {
		return fmt.Errorf("page %d is not as it was written", id)
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return v.tree(root, nil, nil)
	}
	inline := value[bucketHeader:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != leafPage {
		return fmt.Errorf("page %d is not as it was written", id)
	}
	return v.elements(id, inline, nil, nil)
}

// verifyFile is [verify] for an open file.
func verifyFile(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0:
		return errors.New("it is empty")
	}
	return verify(f, info.Size())
}
