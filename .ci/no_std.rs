//! Compiles only when nothing below it links `std`: the handler here would then be the second one in the
//! program, and the compiler refuses that. It needs no target but the host's.
#![no_std]

use smtp_proto as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
