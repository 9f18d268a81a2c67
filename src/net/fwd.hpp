#pragma once

namespace lapwing::net {
class Address;
class Event;
class FdWatcher;
class Listener;
class Loop;
class LoopGroup;
class Stream;
class TaskGroup;
class Timer;
class TlsClientContext;
class TlsServerContext;
class WorkerPool;
template <class T>
class Channel;
template <class T>
class OneShotReceiver;
template <class T>
class OneShotSender;
template <class T>
class Task;
}  // namespace lapwing::net
