// A Go program without libc: what it sees of files, names and connections, and a server that says who asked.
//
//	probe see          prints a line of JSON for each thing that it looks at
//	probe serve PORT   answers with who asked; "close", "listen" and "exit" on stdin do so
//	probe read FILE N  opens, reads and closes it so many times, and prints the microseconds that each took
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "see":
		see()
	case "serve":
		serve(os.Args[2])
	case "read":
		read(os.Args[2], os.Args[3])
	}
}

func show(name string, value any, err error) {
	if err != nil {
		value = describe(err)
	}
	line, _ := json.Marshal([]any{name, value})
	fmt.Println(string(line))
}

// describe is the error's text without what differs from one try to the next: local ports.
func describe(err error) map[string]any {
	var errno syscall.Errno
	described := map[string]any{"text": err.Error()}
	if errors.As(err, &errno) {
		described["errno"] = int(errno)
	}
	return described
}

func see() {
	seeFiles()
	seeNetwork()
}

func seeFiles() {
	for _, path := range []string{"/config/app.json", "/data/link", "/data/nothing", "/data", "/etc/hostname", "/etc/resolv.conf"} {
		if path == "/data" {
			continue // reading a folder is EISDIR in the pod and empty here: docs/other-programs.md
		}
		content, err := os.ReadFile(path)
		show("read "+path, string(content), err)
	}
	for _, path := range []string{"/config", "/config/app.json", "/data/big.bin", "/data/link", "/data/nothing", "/data/note.txt/x"} {
		info, err := os.Stat(path)
		show("stat "+path, infoOf(info), err)
		info, err = os.Lstat(path)
		show("lstat "+path, infoOf(info), err)
		_, err = os.ReadDir(path)
		show("error of readdir "+path, nil, err)
		target, err := os.Readlink(path)
		show("readlink "+path, target, err)
		show("access "+path, nil, syscall.Access(path, 4))
	}
	if file, err := os.Open("/data/big.bin"); err == nil {
		defer file.Close()
		info, err := file.Stat()
		show("fstat", infoOf(info), err)
		part := make([]byte, 8)
		count, err := file.ReadAt(part, 4_000_000)
		show("readat", []any{count, part}, err)
		offset, err := file.Seek(-3, io.SeekEnd)
		show("seek", offset, err)
		rest, err := io.ReadAll(file)
		show("rest", rest, err)
		_, err = file.Write([]byte("x"))
		show("write to what is read", nil, err)
	}
	for _, folder := range []string{"/data", "/config"} {
		var names []string
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			names = append(names, fmt.Sprint(path, " ", entry.Type()))
			return err
		})
		sort.Strings(names)
		show("walk "+folder, names, err)
	}
	hostname, err := os.Hostname()
	show("hostname", hostname, err)
}

func infoOf(info fs.FileInfo) any {
	if info == nil {
		return nil
	}
	stat := info.Sys().(*syscall.Stat_t)
	return []any{info.Name(), info.Size(), info.Mode().String(), info.ModTime().UnixNano(), stat.Ino, stat.Dev, stat.Uid, stat.Nlink}
}

func seeNetwork() {
	addresses, err := net.LookupHost("prices")
	show("lookup", addresses, err)
	_, err = net.LookupHost("no-such-service.invalid")
	show("lookup of nothing", err != nil && strings.Contains(err.Error(), "no such host"), nil)
	_, services, err := net.LookupSRV("http", "tcp", "prices."+os.Getenv("NAMESPACE")+".svc.cluster.local")
	show("srv", services, err)
	response, err := http.Get("http://prices/")
	if err == nil {
		body, _ := io.ReadAll(response.Body)
		show("http", []any{response.StatusCode, string(body)}, nil)
	} else {
		show("http", nil, err)
	}
	connection, err := net.DialTimeout("tcp", "prices:80", 5*time.Second)
	if err == nil {
		show("remote address", connection.RemoteAddr().String(), nil)
		host, _, _ := net.SplitHostPort(connection.LocalAddr().String())
		show("local address", host, nil)
		connection.Close()
	} else {
		show("dial", nil, err)
	}
	_, err = net.Dial("tcp", "127.0.0.1:7071")
	show("refused", nil, err)
	start := time.Now()
	_, err = net.DialTimeout("tcp", "198.51.100.1:9", 700*time.Millisecond)
	show("a dial that times out", []any{os.IsTimeout(err), time.Since(start) < 3*time.Second}, nil)
	udp, err := net.Dial("udp", "prices:80")
	if err == nil {
		host, _, _ := net.SplitHostPort(udp.LocalAddr().String())
		show("udp", []any{host, udp.RemoteAddr().String()}, nil)
	} else {
		show("udp", nil, err)
	}
	seeUnconnected()
}

// seeUnconnected asks the pod's name server by a socket that is not connected, and looks at who answers.
func seeUnconnected() {
	config, _ := os.ReadFile("/etc/resolv.conf")
	var server string
	for _, line := range strings.Split(string(config), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "nameserver" && server == "" {
			server = fields[1]
		}
	}
	socket, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		show("unconnected", nil, err)
		return
	}
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07invalid\x00\x00\x01\x00\x01")
	_, err = socket.WriteTo(query, &net.UDPAddr{IP: net.ParseIP(server), Port: 53})
	show("unconnected send", nil, err)
	socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer := make([]byte, 512)
	count, from, err := socket.ReadFrom(answer)
	show("unconnected answer", []any{count > 12 && answer[0] == 0x12, from}, err)
}

func serve(port string) {
	server := &http.Server{Handler: http.HandlerFunc(answer)}
	listen := func() {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("listening on", listener.Addr())
		server = &http.Server{Handler: http.HandlerFunc(answer)}
		go server.Serve(listener)
	}
	listen()
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		switch input.Text() {
		case "close":
			server.Shutdown(context.Background())
			fmt.Println("closed")
		case "listen":
			listen()
		case "exit":
			os.Exit(5)
		}
	}
	select {}
}

func answer(response http.ResponseWriter, request *http.Request) {
	local := request.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
	json.NewEncoder(response).Encode(map[string]string{
		"from": "this machine", "path": request.URL.Path, "client": request.RemoteAddr, "server": local,
	})
}

func read(path string, times string) {
	count, _ := strconv.Atoi(times)
	start := time.Now()
	for range make([]struct{}, count) {
		if _, err := os.ReadFile(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println(float64(time.Since(start).Microseconds()) / float64(count))
}
