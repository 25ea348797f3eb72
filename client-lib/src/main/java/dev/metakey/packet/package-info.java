/**
 * The metadata area in front of a packet, for Java programs that have packets in memory (AF_XDP
 * frames, captures): {@link dev.metakey.packet.AreaCodec} reads and writes it as BPF programs do.
 * docs/packet-format.md draws it. Imports the JDK, the value types and the byte layouts.
 */
@NullMarked
package dev.metakey.packet;

import org.jspecify.annotations.NullMarked;
