/**
 * gRPC on a unix socket: {@link dev.metakey.server.transport.SocketServer} listens, the services
 * map messages to commands and back and decide nothing. Imports the engine and the watch hub.
 */
@NullMarked
package dev.metakey.server.transport;

import org.jspecify.annotations.NullMarked;
