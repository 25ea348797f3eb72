/**
 * What the daemon asks of the kernel's BPF: {@link dev.metakey.server.kernel.PinnedMaps} publishes
 * maps, {@link dev.metakey.server.kernel.LoadedPrograms} tells which loaded programs use which
 * fields. The only package that calls bpf(2). Imports the value types, their layouts, {@code
 * publication.Outlet} and JNA.
 */
@NullMarked
package dev.metakey.server.kernel;

import org.jspecify.annotations.NullMarked;
