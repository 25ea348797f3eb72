/**
 * For the tests of applications: {@link dev.metakey.testing.TestRegistry}, a registry of their own
 * in their process.
 */
@NullMarked
package dev.metakey.testing;

import org.jspecify.annotations.NullMarked;
