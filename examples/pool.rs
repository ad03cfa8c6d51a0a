//! Sends many messages over few sessions: tasks share one `Mailer`, which keeps its sessions for further messages.
//!
//! ```sh
//! cargo run -p examples --example pool -- 'smtp://127.0.0.1:2525?tls=none' 1000
//! ```
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{env, error::Error, time::Instant};

use examples::exit::Failure;
use smtp_tokio::{
    Io, Mailer, Pool, Stream, Url,
    driver::{ClientBuilder, Connect, PoolOptions},
    proto::{client::Config, types::Envelope},
};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, count] = &arguments[..] else {
        return Err("usage: pool URL COUNT".into());
    };
    let begin = Instant::now();
    let sent = send(url, count.parse()?).await?;
    println!("{sent} of {count} messages accepted in {:.1?}", begin.elapsed());
    Ok(())
}

/// Sends this number of messages. Returns the number of accepted messages.
pub(crate) async fn send(url: &str, count: usize) -> Result<usize, Box<dyn Error>> {
    let url = Url::parse(url)?;
    let config = Config::new("client.example.org".parse()?);
    let mut options = PoolOptions::default();
    options.max_sessions = 4; // a fifth message waits
    let builder = ClientBuilder::from_url(&url, config, |host| Io::<Stream>::default_tls(host, url.tls()))?;
    let mailer = Mailer::new(Pool::new(builder, &url, options));

    let mut tasks = JoinSet::new();
    for number in 0..count {
        let envelope = Envelope::parse("ann@example.org", ["bob@example.org"])?;
        let message = format!("Subject: message {number}\r\n\r\nHello\r\n");
        let mailer = mailer.clone();
        tasks.spawn(async move { mailer.send((envelope, message)).await });
    }
    let mut accepted = 0;
    while let Some(sent) = tasks.join_next().await {
        match sent? {
            Ok(_) => accepted += 1,
            Err(error) => println!("{error}; again: {:?}", error.retry()),
        }
    }
    mailer.close().await;
    Ok(accepted)
}
