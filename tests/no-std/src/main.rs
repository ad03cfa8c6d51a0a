//! A client and a server that exchange SMTP in memory, in a program without the standard library: TLS (as far as the core
//! handles it), a login, a message, the end. Then the driver sends a message. The exit status is 0 on success.
//!
//! The program links only if no dependency uses `std`, because `std` would define a second panic handler. Its target is that
//! of the host, whose C library only calls `main`.
#![no_std]
#![no_main]

extern crate alloc;

mod driver;
mod heap;
mod session;

use core::{ffi::c_int, panic::PanicInfo};

use heap::Heap;
use smtp_relay as _; // links it, which shows that it brings no std

#[global_allocator]
static HEAP: Heap = Heap::new();

#[cfg_attr(not(target_os = "macos"), link(name = "c"))]
#[cfg_attr(target_os = "macos", link(name = "System"))]
unsafe extern "C" {
    // SAFETY: it has no conditions.
    safe fn abort() -> !;
}

// SAFETY: nothing else in this program is called main.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match session::run() {
        Ok(()) if driver::run().is_none() => 100,
        Ok(()) => 0,
        Err(problem) => problem as c_int,
    }
}

/// The ready-made `alloc` is built to unwind and names these two. Nothing unwinds here: a panic aborts.
#[cfg(target_os = "linux")]
mod unwinding {
    // SAFETY: the program does not link the standard library, which would define another `main`.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() -> ! {
        super::abort()
    }

    // SAFETY: it is in no library that is linked.
    #[unsafe(no_mangle)]
    extern "C" fn _Unwind_Resume() -> ! {
        super::abort()
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}
