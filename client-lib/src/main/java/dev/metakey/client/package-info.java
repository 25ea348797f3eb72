/**
 * The Java client; {@link dev.metakey.client.MetakeyClient} is where to start, docs/client-guide.md
 * shows it at work. Imports the value types, their wire mapping, the byte layouts and gRPC; none of
 * gRPC, netty or protobuf shows in its signatures.
 */
@NullMarked
package dev.metakey.client;

import org.jspecify.annotations.NullMarked;
