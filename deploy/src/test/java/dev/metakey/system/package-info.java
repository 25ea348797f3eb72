/**
 * System tests: real processes of the image that the build assembled, each test on a {@link
 * dev.metakey.system.Host} of its own.
 */
package dev.metakey.system;
