/**
 * What survives: {@link dev.metakey.server.storage.Store} keeps the state that the domain decided,
 * and every change that led to it. Imports the domain; only this package knows RocksDB.
 */
@NullMarked
package dev.metakey.server.storage;

import org.jspecify.annotations.NullMarked;
