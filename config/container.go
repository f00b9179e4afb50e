package config

import (
	"cmp"
	"path/filepath"
)

// ContainerPort returns the port that a function listens on as a Cloud Run service: containerPort of the
// container.config.json in its folder, or 80 where the file does not say.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/basic/config.html.
func ContainerPort(dir string) int {
	r := &report{base: dir} // which nobody reads: the folder may have another home
	return portOf(r.open(filepath.Join(dir, containerFile)))
}

// ContainerEnv returns the names of the variables that envParams sets in the container.config.json of a function's folder.
func ContainerEnv(dir string) (names []string) {
	r := &report{base: dir}
	params := r.open(filepath.Join(dir, containerFile)).member("envParams")
	if !params.is('{') {
		return nil
	}
	for _, m := range params.members() {
		names = append(names, m.key)
	}
	return names
}

// portOf returns the port that a container.config.json names, or the default one.
func portOf(container value) int {
	return cmp.Or(whole(container.member("containerPort"), 65535, codePort, "write a whole number, such as 80"), containerPort)
}
