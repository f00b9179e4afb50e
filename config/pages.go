package config

import (
	"path"
	"slices"
	"strings"
)

// Pages are the pages of a Mini Program, as its app.json lists them.
//
// See https://developers.weixin.qq.com/miniprogram/dev/reference/configuration/app.html.
type Pages struct {
	File string   // the app.json, named as in findings
	Home string   // the page that opens when none is asked for: entryPagePath, else the first page; "" where there is none
	All  []string // in the order of the file, those of subpackages last; without a leading slash, such as pages/index/index
}

// Has reports whether the Mini Program has a page. The name is compared as it stands, so one with a leading slash or a
// query is none. A nil Pages stands for an app.json that was not found or cannot be read: it has every page, as there
// is nothing to tell otherwise.
func (p *Pages) Has(page string) bool { return p == nil || slices.Contains(p.All, page) }

// pages reads an app.json, and returns nil where there is none.
func (r *report) pages(file string) *Pages {
	app := r.open(file)
	if !app.exists() {
		return nil
	}
	p := &Pages{File: r.name(file)}
	p.add("", app.required("pages", `"pages": ["pages/index/index"]`))
	for _, key := range []string{"subPackages", "subpackages"} { // both spellings are official
		for _, sub := range app.member(key).elements() {
			root := sub.required("root", `"root": "packageA"`).text()
			p.add(root, sub.required("pages", `"pages": ["pages/cat"]`))
		}
	}
	if len(p.All) > 0 {
		p.Home = p.All[0]
	}
	if entry := app.member("entryPagePath").text(); entry != "" {
		p.Home = pageName("", entry)
	}
	return p
}

// add adds a list of pages below a root.
func (p *Pages) add(root string, list value) {
	for _, page := range list.elements() {
		if name, ok := page.string(); ok {
			p.All = append(p.All, pageName(root, name))
		}
	}
}

func pageName(root, page string) string { return strings.TrimPrefix(path.Join(root, page), "/") }
