package host

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// portVariable names the port of a web server that does not mind PORT.
const portVariable = "WXFN_TEST_PORT"

// serveWeb is a web server. What it does is what the path says.
func serveWeb(port string) {
	fmt.Println("listening")
	if err := http.ListenAndServe("0.0.0.0:"+port, webHandler()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func webHandler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println("answering", r.RequestURI)
		w.Header().Set("X-Echo", r.Header.Get("X-Echo"))
		w.Header().Set("X-Host", r.Host)
		w.Header().Set("X-Agent", r.Header.Get("User-Agent"))
		w.Header().Set("X-Forwarded", r.Header.Get("X-Forwarded-For"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	})
	routes.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	// Each piece of the body comes back at once.
	routes.HandleFunc("/pieces", func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		_ = out.EnableFullDuplex()
		w.Header().Set("Trailer", "X-Lines")
		w.WriteHeader(http.StatusOK)
		_ = out.Flush()
		n := 0
		for lines := bufio.NewScanner(r.Body); lines.Scan(); n++ {
			fmt.Fprintf(w, "data: %s\n\n", lines.Text())
			_ = out.Flush()
		}
		w.Header().Set("X-Lines", strconv.Itoa(n))
	})
	// Stays until the caller leaves, which a file then tells.
	routes.HandleFunc("/stay", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "staying")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		_ = os.WriteFile(r.URL.Query().Get("file"), nil, 0o600)
	})
	// Waits until as many requests are here.
	meeting := make(chan struct{})
	routes.HandleFunc("/meet", func(w http.ResponseWriter, r *http.Request) {
		select {
		case meeting <- struct{}{}:
		case <-meeting:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, os.Getpid())
	})
	routes.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	routes.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	routes.HandleFunc("/exit-later", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half ")
		_ = http.NewResponseController(w).Flush()
		fmt.Fprintln(os.Stderr, "about to exit")
		os.Exit(3)
	})
	routes.HandleFunc("/break", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half ")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	// Says it goes, and does when the answer has been given.
	routes.HandleFunc("/bye", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, os.Getpid())
		go func() {
			<-time.After(10 * time.Millisecond)
			os.Exit(0)
		}()
	})
	routes.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		for {
			_ = rw.Flush()
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(rw, strings.ToUpper(line))
		}
	})
	return routes
}

// front is a server in front of a function, as the emulator's is, which tells how its calls ended.
type front struct {
	f    *Function
	errs chan error // of each call
}

func (s *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := &begunWriter{ResponseWriter: w}
	_, err := s.f.Invoke(r.Context(), &Call{RequestID: "r-1", Record: newRecord(), Request: r, Answer: begun})
	s.errs <- err
	switch {
	case err == nil:
	case begun.begun:
		panic(http.ErrAbortHandler)
	default:
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// begunWriter knows whether an answer has begun.
type begunWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *begunWriter) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *begunWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *begunWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
