//! The interoperability suite: the rules of MQTT 3.1.1 and 5, case by case, asked by a client that is not ours (`tests/interop`, paho-mqtt).

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::House;
use crate::python::python;

/// The client's version; setup/python.sh installs it.
const PAHO: &str = "2.1.0";

/// Runs one file of cases against a broker of its own.
async fn holds(file: &str) {
    let house = House::new().await;
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    let mut command = Command::new(python("paho-mqtt", PAHO));
    command.arg("-B").arg(cases.join(file)).arg(house.address().port().to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let done = tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("within two minutes");
    let done = done.expect("python with paho-mqtt is installed (setup/setup.sh test installs it)");
    let (said, failed) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.lines().count() > 2, "{file}\n{said}\n{failed}");
    house.end().await;
}

macro_rules! files {
    ($($name:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                holds(concat!(stringify!($name), ".py")).await;
            }
        )+
    };
}

files!(retained wills sessions subscriptions flow malformed);
