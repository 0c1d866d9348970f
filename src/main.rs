//! `vigia`: command line and wiring. What it does is in `vigia-backend`, how it looks in `vigia-web`.

#[cfg(not(target_arch = "wasm32"))]
mod bundle;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use vigia_backend::cli::{Process, run};
    use vigia_backend::world::World;

    let process = Process {
        world: World::real(),
        environment: std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))).collect(),
        router: |app| vigia_web::site::site(app, std::sync::Arc::new(bundle::Bundle), bundle::names),
    };
    run(std::env::args_os(), process)
}

/// In the browser there is only the library.
#[cfg(target_arch = "wasm32")]
fn main() {}
