package config

import "path/filepath"

// ContainerPort returns containerPort of the container.config.json in a function's folder: what a Cloud Run service listens
// on. It is 0 where the file does not say.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/basic/config.html.
func ContainerPort(dir string) int {
	r := &report{base: dir}
	port := r.openOwn(filepath.Join(dir, containerFile)).member("containerPort")
	return whole(port, 65535, codeWrongType, "")
}

// texts returns the strings of an array, or a string alone.
func texts(v value) []string {
	if v.exists() && v.json.Value.Kind() == '"' {
		return []string{v.text()}
	}
	var all []string
	for _, e := range v.elements() {
		if s, ok := e.string(); ok {
			all = append(all, s)
		}
	}
	return all
}
