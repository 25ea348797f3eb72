/**
 * The value types on the wire: {@link dev.metakey.wire.Wire} maps them to the messages of {@code
 * metakey.v1}, {@link dev.metakey.wire.Requests} and {@link dev.metakey.wire.Replies} map back what
 * a daemon and a client read, {@link dev.metakey.wire.WireErrors} does so for refusals. The
 * adaptors of client and daemon use it; nobody else sees protobuf or gRPC.
 */
@NullMarked
package dev.metakey.wire;

import org.jspecify.annotations.NullMarked;
