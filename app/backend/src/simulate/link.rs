//! A bad line between a device and its broker: it breaks in the midst of a message, loses acknowledgements, and can be out for a while. A
//! relay on a port of this machine, one for each device, so that what breaks is a real connection of a real client.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How many bytes a connection carries before it breaks, up and down. Up it is more than a CONNECT and a message or two, or nothing would
/// ever come through; down, an acknowledgement has four.
const UP_BYTES: Range<usize> = 600..12_000;
const DOWN_BYTES: Range<usize> = 8..240;

/// How bad the lines of a simulation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Connections break.
    pub flaky: bool,
    /// Now and then there is none for a while; what the device measures meanwhile it sends afterwards, in lists.
    pub outages: bool,
    /// The same seed, the same accidents, as far as the network lets it.
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As bad as ever.
    Usual,
    /// No connection comes about, and the one there is breaks.
    Out,
    /// Nothing breaks any more.
    Good,
}

/// The relay.
pub(super) struct Link {
    listener: TcpListener,
    broker: (String, u16),
    flaky: bool,
    random: StdRng,
    state: watch::Receiver<State>,
}

/// Says what the line is like.
#[derive(Clone)]
pub(super) struct Switch(Arc<watch::Sender<State>>);

impl Switch {
    pub(super) fn out(&self) {
        self.0.send_replace(State::Out);
    }

    pub(super) fn back(&self) {
        self.0.send_replace(State::Usual);
    }

    /// For the end: what is still on its way shall arrive.
    pub(super) fn mend(&self) {
        self.0.send_replace(State::Good);
    }
}

impl Link {
    /// A line to this broker, with its own address and its switch.
    ///
    /// # Errors
    /// The system's, when no port can be had.
    pub(super) async fn lay(broker: (String, u16), flaky: bool, seed: u64) -> io::Result<(Self, SocketAddr, Switch)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (switch, state) = watch::channel(State::Usual);
        let random = StdRng::seed_from_u64(seed);
        Ok((Self { listener, broker, flaky, random, state }, address, Switch(Arc::new(switch))))
    }

    /// Carries one connection after the other; a device holds no more than one.
    pub(super) async fn serve(mut self) -> Infallible {
        loop {
            if let Ok((near, _)) = self.listener.accept().await {
                // Whatever ended it, the device sees a connection that broke.
                let _ = self.carry(near).await;
            }
        }
    }

    async fn carry(&mut self, mut near: TcpStream) -> io::Result<()> {
        if *self.state.borrow_and_update() == State::Out {
            return Ok(());
        }
        let mut far = TcpStream::connect((self.broker.0.as_str(), self.broker.1)).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let is_bad = self.flaky && *self.state.borrow() == State::Usual;
        let mut draw = |range| if is_bad { self.random.random_range(range) } else { usize::MAX };
        let (mut up, mut down) = (draw(UP_BYTES), draw(DOWN_BYTES));
        let ((mut near_read, mut near_write), (mut far_read, mut far_write)) = (near.split(), far.split());
        let (mut out, mut back) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                changed = self.state.changed() => match *self.state.borrow() {
                    _ if changed.is_err() => return Ok(()),
                    State::Out => return Ok(()),
                    State::Good => (up, down) = (usize::MAX, usize::MAX),
                    State::Usual => {}
                },
                read = near_read.read(&mut out) => {
                    let read = read?;
                    let carried = read.min(up);
                    far_write.write_all(&out[..carried]).await?;
                    up -= carried;
                    if read == 0 || up == 0 {
                        return Ok(());
                    }
                }
                read = far_read.read(&mut back) => {
                    let read = read?;
                    let carried = read.min(down);
                    near_write.write_all(&back[..carried]).await?;
                    down -= carried;
                    if read == 0 || down == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flaky_line_breaks_in_the_midst_and_a_mended_one_does_not() {
        let broker = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = broker.local_addr().expect("an address").port();
        let (link, address, switch) = Link::lay(("127.0.0.1".into(), port), true, 3).await.expect("laid");
        let heard = async {
            let mut heard = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = broker.accept().await.expect("a connection");
                let mut all = Vec::new();
                let _ = stream.read_to_end(&mut all).await;
                heard.push(all.len());
            }
            heard
        };
        let says = async {
            for mended in [false, true] {
                if mended {
                    switch.mend();
                }
                let mut stream = TcpStream::connect(address).await.expect("connected");
                let _ = stream.write_all(&[b'x'; 40_000]).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            switch.out();
            let mut stream = TcpStream::connect(address).await.expect("the relay itself is there");
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0, "but carries nothing");
        };
        let heard = tokio::select! {
            (heard, ()) = async { tokio::join!(heard, says) } => heard,
            never = link.serve() => match never {},
        };
        assert!(UP_BYTES.contains(&heard[0]), "{heard:?}");
        assert_eq!(heard[1], 40_000);
    }
}
