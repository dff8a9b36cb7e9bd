// TCP and UDP over the loopback interface, blocking and asynchronous; HTTP.
using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;

class Sockets
{
    static void Main()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var thread = new Thread(() =>
        {
            using (var accepted = listener.AcceptTcpClient())
            {
                var stream = accepted.GetStream();
                var bytes = new byte[10];
                stream.Write(bytes, 0, stream.Read(bytes, 0, 10));
            }
        });
        thread.Start();
        using (var client = new TcpClient())
        {
            client.Connect(IPAddress.Loopback, port);
            var stream = client.GetStream();
            stream.Write(Encoding.ASCII.GetBytes("\0\0ping"), 2, 4);
            var bytes = new byte[10];
            Console.WriteLine(stream.Read(bytes, 0, 10));
            client.NoDelay = true;
            client.LingerState = new LingerOption(true, 2);
            Console.WriteLine(client.NoDelay + " " + client.LingerState.LingerTime);
        }
        thread.Join();
        try { new TcpClient().Connect(IPAddress.Loopback, 1); } catch (SocketException e) { Console.WriteLine(e.SocketErrorCode); }
        var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        udp.Send(new byte[] { 1, 2 }, 2, (IPEndPoint)udp.Client.LocalEndPoint);
        IPEndPoint from = null;
        Console.WriteLine(udp.Receive(ref from).Length + " " + from.Address);
        var accept = listener.AcceptTcpClientAsync();
        var second = new TcpClient();
        second.ConnectAsync(IPAddress.Loopback, port).Wait();
        Console.WriteLine(accept.Result.Connected);
        listener.Stop();
    }
}
