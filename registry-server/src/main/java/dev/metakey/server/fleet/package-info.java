/**
 * The fleet that this host belongs to: {@link dev.metakey.server.fleet.FleetStore} is where hosts
 * agree on names, ids and slots. Nothing of it is loaded on a host without a fleet. Imports the
 * domain and the engine; only this package knows etcd.
 */
@NullMarked
package dev.metakey.server.fleet;

import org.jspecify.annotations.NullMarked;
