//! One device that a bench lets speak: a message, its acknowledgement, the next message.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::wire;

/// A connection of its own.
pub struct Speaker {
    stream: TcpStream,
    topic: String,
    packet: u16,
    out: Vec<u8>,
    read: Vec<u8>,
}

impl Speaker {
    /// Connects to `host:port` as this device.
    ///
    /// # Errors
    /// The system's, or the broker's refusal.
    pub async fn sign_in(broker: &str, device: &str, token: &str) -> io::Result<Self> {
        let stream = wire::sign_in(broker, &format!("speaker-{device}"), device, token).await?;
        Ok(Self { stream, topic: format!("vigia/{device}/telemetry"), packet: 0, out: Vec::new(), read: Vec::new() })
    }

    /// Sends a payload and waits for its acknowledgement.
    ///
    /// # Errors
    /// The connection is over, or the broker answers something else.
    pub async fn say(&mut self, payload: &[u8]) -> io::Result<()> {
        self.packet = self.packet.checked_add(1).unwrap_or(1);
        self.out.clear();
        wire::put_publish(&mut self.out, &self.topic, self.packet, payload);
        self.stream.write_all(&self.out).await?;
        let mut is_acknowledged = false;
        while !is_acknowledged {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let expected = self.packet;
            wire::take_acks(&mut self.read, |packet| is_acknowledged |= packet == expected)?;
        }
        Ok(())
    }
}
