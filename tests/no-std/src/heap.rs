//! A heap in a static array.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::null_mut,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The size in octets, about three times what the program needs. Freed memory is not reused, so this bounds all allocations.
const SIZE: usize = 16 << 10;

/// Allocates octets in sequence, and never frees them.
pub(crate) struct Heap {
    octets: Octets,
    used: AtomicUsize,
}

#[repr(align(16))]
struct Octets(UnsafeCell<[u8; SIZE]>);

impl Heap {
    pub(crate) const fn new() -> Self {
        Self {
            octets: Octets(UnsafeCell::new([0; SIZE])),
            used: AtomicUsize::new(0),
        }
    }
}

// SAFETY: only `alloc` accesses the octets, and it returns each to one caller: `used` never shrinks.
unsafe impl Sync for Heap {}

// SAFETY: `alloc` returns null, or the start of `layout.size()` octets inside the array that no other caller receives. They
// are aligned as requested: base and offset are multiples of the alignment.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<Octets>() {
            return null_mut();
        }
        let mut start = 0;
        let taken = self
            .used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                start = used.checked_next_multiple_of(layout.align())?;
                start.checked_add(layout.size()).filter(|end| *end <= SIZE)
            });
        match taken {
            // SAFETY: `start` is not larger than SIZE.
            Ok(_) => unsafe { self.octets.0.get().cast::<u8>().add(start) },
            Err(_) => null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
