//! A server as a process of its own, and what the kernel says it costs.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A second in the times of `/proc/PID/stat`: `USER_HZ`, which is 100 on every Linux there is.
const TICKS: u64 = 100;

/// A running server, which ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// The name in tables.
    pub name: String,
    /// The address that it listens on.
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts a server and waits until it listens. In the command, `{}` or `{tls}` stands for where to listen.
    ///
    /// # Errors
    ///
    /// When it does not run, or does not listen within some seconds.
    pub fn start(name: &str, command: &str) -> io::Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let listen = address.to_string();
        let command = command.replace("{}", &listen).replace("{tls}", &listen);
        let mut words = command.split_whitespace();
        let child = Command::new(words.next().unwrap_or_default())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::other(format!("{name}: {command}: {error}")))?;
        let server = Self {
            name: name.to_owned(),
            address,
            child,
        };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(io::Error::other(format!("{name}: it does not listen: {command}")))
    }

    /// The processor time that it used.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn cpu(&self) -> io::Result<Cpu> {
        cpu(&format!("/proc/{}/stat", self.child.id()))
    }

    /// Its resident memory, in KB.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse()
                    .ok()
            })
            .ok_or_else(|| io::Error::other(format!("{}: no VmRSS", self.name)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time, in steps of 10 ms.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// The time in user code.
    pub user: Duration,
    /// The time in system calls.
    pub system: Duration,
}

impl Cpu {
    /// All of it.
    pub fn total(self) -> Duration {
        self.user + self.system
    }

    /// Returns the time used since `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

/// The processor time that this process used.
///
/// # Errors
///
/// When there is no `/proc`.
pub fn own_cpu() -> io::Result<Cpu> {
    cpu("/proc/self/stat")
}

/// `utime` and `stime`, the 12th and 13th field behind the name of the program, which may have spaces in it.
fn cpu(stat: &str) -> io::Result<Cpu> {
    let line = fs::read_to_string(stat)?;
    let fields = line.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut times = fields.split_whitespace().skip(11).map(|field| {
        let ticks: u64 = field.parse().unwrap_or_default();
        Duration::from_millis(ticks * (1000 / TICKS))
    });
    Ok(Cpu {
        user: times.next().unwrap_or_default(),
        system: times.next().unwrap_or_default(),
    })
}
