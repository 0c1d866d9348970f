//! A wire that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Passes on to the broker.
pub(super) struct Relay {
    pub(super) port: u16,
    cut: Arc<Notify>,
    _tasks: JoinSet<()>,
}

impl Relay {
    pub(super) async fn to(broker: SocketAddr) -> Self {
        let door = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = door.local_addr().expect("bound").port();
        let (mut tasks, cut) = (JoinSet::new(), Arc::new(Notify::new()));
        let cutting = Arc::clone(&cut);
        tasks.spawn(async move {
            let mut wires = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((mut near, _)) = door.accept() => {
                        wires.spawn(async move {
                            if let Ok(mut far) = TcpStream::connect(broker).await {
                                let _ = copy_bidirectional(&mut near, &mut far).await;
                            }
                        });
                    }
                    // In the midst of whatever is on its way.
                    () = cutting.notified() => wires.shutdown().await,
                }
            }
        });
        Self { port, cut, _tasks: tasks }
    }

    pub(super) fn cut(&self) {
        self.cut.notify_one();
    }
}
