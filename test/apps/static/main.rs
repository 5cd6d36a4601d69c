// A static Rust program: a file, a folder, a connection and a datagram of the pod.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

fn main() {
    print!("{}", std::fs::read_to_string("/config/greeting.txt").unwrap());
    let mut names: Vec<String> = std::fs::read_dir("/data")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    println!("{}", names.join(" "));
    println!("{:?}", std::fs::read("/data/nothing").unwrap_err().kind());
    let address = "prices:80".to_socket_addrs().unwrap().next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    println!("{}", stream.peer_addr().unwrap() == address);
    stream.write_all(b"GET / HTTP/1.0\r\nHost: prices\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    println!("{}", answer.lines().next().unwrap());
}
